"""Files of rows as people have them: what kind of file it is, which form its rows have, and those rows in our form."""
