-- works with code from 0001
-- products.safety: who made it and who answers for it in the Union, as an offer has to say (Regulation (EU) 2023/988, Art. 19).
alter table products add column safety json;
