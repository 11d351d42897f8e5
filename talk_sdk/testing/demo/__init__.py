"""The demo: systems as real servers, kept in sync before a newcomer's eyes, and judged."""
