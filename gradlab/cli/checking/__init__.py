"""What `gradlab check` reads, prepares and prints, by the kind of what is checked."""
