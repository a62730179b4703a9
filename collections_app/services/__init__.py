"""The only writers. Each function is keyword-only, typed and atomic."""
