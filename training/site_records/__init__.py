"""What writes the files that the site shows: lab data, tiny GPT, records."""
