"""What reads or edits the state of an optimizer."""
