"""What receives: with app.py the only place that imports Flask."""
