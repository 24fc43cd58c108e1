"""The command line: one thin file per subcommand; only this package prints and exits."""
