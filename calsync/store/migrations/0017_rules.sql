-- What names the rules under which an account was planned last; NULL where no run of this version has planned yet.

ALTER TABLE account ADD COLUMN rules TEXT;
