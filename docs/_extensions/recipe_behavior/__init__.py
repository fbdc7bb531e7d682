"""The section of a recipe's page that says in words when to use it, computed from what gradlab measured."""
