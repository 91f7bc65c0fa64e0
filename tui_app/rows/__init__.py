"""Very many things of one kind: kept packed, filtered, sorted, written to files. Rows of jobs and mail are such things."""
