"""Where results become sentences, for the files, the page and the terminal alike."""
