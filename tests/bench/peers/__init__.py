"""The same job done by other engines, each as its own documentation would write it, measured beside ours."""
