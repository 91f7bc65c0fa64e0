"""Whether this machine, its configuration and the account are as mailsluice needs them. Nothing here changes mail or jobs."""
