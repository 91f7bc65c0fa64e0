"""Reports that take both from the server and from the ledger of this machine."""
