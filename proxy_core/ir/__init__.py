"""The neutral representation: nobody's API, used only between two different dialects."""
