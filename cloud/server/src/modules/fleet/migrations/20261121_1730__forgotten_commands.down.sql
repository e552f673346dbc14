revoke delete on fleet.desired, fleet.reported from jidoka_app;
