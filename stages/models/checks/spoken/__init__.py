"""Eight spoken sentences, with the files of their sound."""
