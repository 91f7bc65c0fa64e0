"""Text, time, errors, paths and files for all other packages; imports none of them."""
