"""What everything else stands on: text, time, errors, paths and files. Imports nothing else of ours."""
