"""Between Textual and the terminal; `patches` lists every private name of Textual that the program uses."""
