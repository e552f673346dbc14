drop table core.pii_originals;
drop table core.secrets;
