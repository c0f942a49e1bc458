"""Reports become figures and events: rules, the rebuild engine, and the store port."""
