"""Pure decisions: which targets, which dialect, whether to try again."""
