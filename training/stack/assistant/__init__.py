"""The docs assistant of this site: it answers from the pages, names the place, and says when they do not hold it."""
