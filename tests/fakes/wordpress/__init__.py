"""A small WordPress with WooCommerce in PHP, in which the real plugin runs; see wordpress.php."""
