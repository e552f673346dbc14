-- Commands and what became of them are forgotten for good: their ids are never used again, so no mark of them is needed. Their older lines in
-- fleet.desired_changes go too, which leaves gaps there; what counts is the oldest line that is left.
grant delete on fleet.desired, fleet.reported to jidoka_app;
