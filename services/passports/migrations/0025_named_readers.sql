-- works with code from 0024
-- readers: `named` is what somebody reads by their id alone while an address of theirs opens all of it: that again once the address is taken back.
alter table readers add column named json;
