"""Acting on chosen messages: a plan is made, guarded, confirmed, sent in batches, and accounted for by id."""
