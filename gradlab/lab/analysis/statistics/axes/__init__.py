"""The results along one axis of a study: a choice, such as a schedule, or a size, such as a width or a budget."""
