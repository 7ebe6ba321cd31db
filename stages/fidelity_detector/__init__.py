"""FiMMIA's learned attack (arXiv 2512.02786): how a clip's neighbours differ from it, as the target sees them."""
