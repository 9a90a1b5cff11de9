"""What each `multidb` command does; imported when it is called, so that the command starts at once."""
