"""Search over this site's pages, and answers quoted from them."""
