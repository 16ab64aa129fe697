"""The pages, one module for each subject. Each adds its own by `add_to`."""
