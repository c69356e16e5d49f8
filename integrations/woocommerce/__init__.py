"""WooCommerce, spoken at its edge and nowhere else."""
