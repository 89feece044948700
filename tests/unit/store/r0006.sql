-- A database as revision 0006 left it: written by its store, and dumped by sqlite3.
BEGIN TRANSACTION;
CREATE TABLE absences (
	user INTEGER NOT NULL, 
	code VARCHAR NOT NULL, 
	start BIGINT NOT NULL, 
	"end" BIGINT NOT NULL, 
	target VARCHAR, 
	PRIMARY KEY (user), 
	FOREIGN KEY(user) REFERENCES users (id) ON DELETE CASCADE
);
INSERT INTO "absences" VALUES(1,'trip',1795435200000000,1795446000000000,NULL);
CREATE TABLE accounts (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	source VARCHAR NOT NULL, 
	login VARCHAR NOT NULL, 
	sealed BLOB NOT NULL, 
	service BOOLEAN NOT NULL, epoch INTEGER DEFAULT '0' NOT NULL, refusals INTEGER DEFAULT '0' NOT NULL, unanswered INTEGER DEFAULT '0' NOT NULL, first_refused BIGINT, last_refused BIGINT, tried BIGINT, 
	CONSTRAINT uq_accounts_source_login UNIQUE (source, login)
);
INSERT INTO "accounts" VALUES(1,'office','reader',X'67414141414142724159384E5848636E6A4254375F6163424F32307667307334725F38514C67697A74374E3266484F537A2D395A7231416C38616C4576475643527559377A41674D6A66424F724B4F6C4D6E633834634C2D586A777A5779737166413D3D',1,0,1,0,1795435200000000,1795435200000000,NULL);
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0006');
CREATE TABLE attendances (
	conference VARCHAR NOT NULL, 
	channel VARCHAR NOT NULL, 
	who VARCHAR NOT NULL, 
	joined BIGINT NOT NULL, 
	"left" BIGINT, 
	PRIMARY KEY (conference, channel)
);
INSERT INTO "attendances" VALUES('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa','PJSIP/1001-1','',1795435200000000,NULL);
CREATE TABLE audit (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	at BIGINT NOT NULL, 
	who VARCHAR NOT NULL, 
	did VARCHAR NOT NULL, 
	about VARCHAR NOT NULL
);
INSERT INTO "audit" VALUES(1,1795435200000000,'command','invited','signin 2');
CREATE TABLE books (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	account INTEGER NOT NULL, 
	address VARCHAR NOT NULL, 
	owner INTEGER, 
	name VARCHAR NOT NULL, 
	mailbox INTEGER, 
	path VARCHAR, 
	refresh INTEGER, 
	enabled BOOLEAN NOT NULL, 
	token TEXT, 
	day DATE, 
	epoch INTEGER DEFAULT '0' NOT NULL, 
	tried BIGINT, 
	succeeded BIGINT, 
	failing_since BIGINT, 
	error VARCHAR, 
	said TEXT, 
	set_aside INTEGER DEFAULT '0' NOT NULL, 
	gone_at INTEGER DEFAULT '0' NOT NULL, 
	FOREIGN KEY(account) REFERENCES accounts (id) ON DELETE CASCADE, 
	FOREIGN KEY(mailbox) REFERENCES mailboxes (id) ON DELETE CASCADE, 
	FOREIGN KEY(owner) REFERENCES users (id) ON DELETE CASCADE, 
	CONSTRAINT uq_books_mailbox UNIQUE (mailbox)
);
INSERT INTO "books" VALUES(1,1,'anna@example.org',1,'',1,NULL,900,1,NULL,NULL,1,1795435200000000,1795435200000000,NULL,NULL,NULL,0,0);
INSERT INTO "books" VALUES(2,1,'bo@example.org',2,'',2,NULL,3600,1,NULL,NULL,1,NULL,NULL,NULL,NULL,NULL,0,0);
CREATE TABLE calls (
	id VARCHAR NOT NULL, 
	conference VARCHAR NOT NULL, 
	who VARCHAR NOT NULL, 
	number INTEGER NOT NULL, 
	state VARCHAR NOT NULL, 
	at BIGINT NOT NULL, 
	first BIGINT NOT NULL, 
	ends BIGINT NOT NULL, 
	waits BOOLEAN NOT NULL, 
	boot VARCHAR NOT NULL, 
	result VARCHAR, 
	over BIGINT, 
	PRIMARY KEY (id)
);
INSERT INTO "calls" VALUES('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa','cccccccccccccccccccccccccccccccc','dddddddddddddddddddddddddddddddd',1,'due',1795435200000000,1795435200000000,1795438800000000,0,'',NULL,NULL);
CREATE TABLE changes (
	noun VARCHAR NOT NULL, 
	revision INTEGER NOT NULL, 
	PRIMARY KEY (noun)
);
INSERT INTO "changes" VALUES('accounts',1);
INSERT INTO "changes" VALUES('codes',2);
INSERT INTO "changes" VALUES('diversions',3);
INSERT INTO "changes" VALUES('health',1);
INSERT INTO "changes" VALUES('mailboxes',4);
INSERT INTO "changes" VALUES('organisation',3);
INSERT INTO "changes" VALUES('progress',3);
INSERT INTO "changes" VALUES('switches',1);
INSERT INTO "changes" VALUES('users',2);
INSERT INTO "changes" VALUES('wishes',1);
INSERT INTO "changes" VALUES('absences',1);
INSERT INTO "changes" VALUES('attendances',1);
INSERT INTO "changes" VALUES('calls',1);
INSERT INTO "changes" VALUES('conferences',1);
INSERT INTO "changes" VALUES('meetings',1);
INSERT INTO "changes" VALUES('rooms',1);
INSERT INTO "changes" VALUES('books',1);
INSERT INTO "changes" VALUES('contacts',1);
INSERT INTO "changes" VALUES('devices',1);
INSERT INTO "changes" VALUES('audit',1);
INSERT INTO "changes" VALUES('claims',1);
INSERT INTO "changes" VALUES('signins',1);
CREATE TABLE claims (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	user INTEGER NOT NULL, 
	email VARCHAR NOT NULL, 
	verifier BLOB, 
	until BIGINT NOT NULL, 
	FOREIGN KEY(user) REFERENCES users (id) ON DELETE CASCADE, 
	CONSTRAINT uq_claims_user_email UNIQUE (user, email), 
	UNIQUE (verifier)
);
INSERT INTO "claims" VALUES(1,2,'b@example.org',NULL,1795438800000000);
CREATE TABLE codes (
	"key" VARCHAR NOT NULL, 
	position INTEGER NOT NULL, 
	names JSON NOT NULL, 
	reason VARCHAR NOT NULL, 
	texts JSON NOT NULL, 
	internal VARCHAR NOT NULL, 
	external VARCHAR NOT NULL, 
	target VARCHAR, 
	shown BOOLEAN NOT NULL, 
	sensitive BOOLEAN NOT NULL, 
	availability VARCHAR NOT NULL, 
	digit VARCHAR, 
	takes VARCHAR NOT NULL, 
	until_next_working BOOLEAN NOT NULL, 
	PRIMARY KEY ("key")
);
INSERT INTO "codes" VALUES('meeting',0,'["M", "M\u00d6T"]','meeting','{"sv": "I m\u00f6te", "de": "In einer Besprechung", "en": "In a meeting"}','at','at',NULL,1,0,'dnd','1','time',0);
INSERT INTO "codes" VALUES('lunch',1,'["L", "LUN"]','lunch','{"sv": "P\u00e5 lunch", "de": "In der Mittagspause", "en": "At lunch"}','at','at',NULL,0,0,'away','2','time',0);
INSERT INTO "codes" VALUES('gone_for_the_day',2,'["GFD"]','gone_for_the_day','{"sv": "G\u00e5tt f\u00f6r dagen", "de": "F\u00fcr heute gegangen", "en": "Gone for the day"}','at','at',NULL,0,0,'xa','3','nothing',1);
INSERT INTO "codes" VALUES('sick_child',3,'["VAB"]','away','{"sv": "V\u00e5rd av barn", "de": "Kind krank", "en": "Caring for a sick child"}','at','at',NULL,0,1,'xa','41','date',0);
INSERT INTO "codes" VALUES('holiday',4,'["SEM", "FER"]','holiday','{"sv": "P\u00e5 semester", "de": "Im Urlaub", "en": "On holiday"}','at','at',NULL,0,0,'xa','5','date',0);
INSERT INTO "codes" VALUES('sick',5,'["SJU", "SYK"]','away','{"sv": "Sjuk", "de": "Krank", "en": "Off sick"}','at','at',NULL,0,1,'xa','42','date',0);
INSERT INTO "codes" VALUES('duty',6,'["TJE"]','duty','{"sv": "I tj\u00e4nste\u00e4rende", "de": "Dienstlich unterwegs", "en": "Away on duty"}','at','at',NULL,1,0,'away','6','time',0);
INSERT INTO "codes" VALUES('trip',7,'["TJR"]','trip','{"sv": "P\u00e5 tj\u00e4nsteresa", "de": "Auf Dienstreise", "en": "On a business trip"}','at','at',NULL,1,0,'xa','7','date',0);
INSERT INTO "codes" VALUES('training',8,'["UTB"]','training','{"sv": "P\u00e5 utbildning", "de": "In einer Schulung", "en": "In training"}','at','at',NULL,1,0,'dnd','8','time',0);
INSERT INTO "codes" VALUES('part_time',9,'["DEL"]','part_time','{"sv": "Arbetar deltid", "de": "In Teilzeit", "en": "Works part-time"}','at','at',NULL,0,0,'away','91','time',0);
INSERT INTO "codes" VALUES('leave',10,'["PER"]','leave','{"sv": "Har permission", "de": "Beurlaubt", "en": "On leave"}','at','at',NULL,0,0,'xa','92','date',0);
INSERT INTO "codes" VALUES('out',11,'["UTE"]','out','{"sv": "Ute", "de": "Au\u00dfer Haus", "en": "Out"}','at','at',NULL,1,0,'away','93','time',0);
INSERT INTO "codes" VALUES('time_off',12,'["AVS"]','time_off','{"sv": "Avspaserar", "de": "Im Freizeitausgleich", "en": "Taking time off"}','at','at',NULL,0,0,'away','94','time',0);
INSERT INTO "codes" VALUES('show_as_busy',14,'[]','busy','{"sv": "Upptagen", "de": "Besch\u00e4ftigt", "en": "Busy"}','at','at',NULL,0,0,'dnd',NULL,'time',0);
INSERT INTO "codes" VALUES('show_as_out',15,'[]','out','{"sv": "Fr\u00e5nvarande", "de": "Abwesend", "en": "Out of office"}','at','at',NULL,0,0,'xa',NULL,'time',0);
CREATE TABLE conferences (
	"key" VARCHAR NOT NULL, 
	meeting VARCHAR NOT NULL, 
	series VARCHAR NOT NULL, 
	organiser INTEGER NOT NULL, 
	pbx VARCHAR NOT NULL, 
	room VARCHAR, 
	start BIGINT NOT NULL, 
	"end" BIGINT NOT NULL, 
	opens BIGINT NOT NULL, 
	closes BIGINT NOT NULL, 
	autocall BOOLEAN NOT NULL, 
	subject VARCHAR NOT NULL, 
	participants JSON NOT NULL, 
	left_out JSON NOT NULL, 
	collided BOOLEAN NOT NULL, 
	cancelled BOOLEAN NOT NULL, 
	told VARCHAR NOT NULL, 
	PRIMARY KEY ("key")
);
INSERT INTO "conferences" VALUES('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa','bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb','55555555555555555555555555555555',1,'main','8001',1795435200000000,1795438800000000,1795434600000000,1795439700000000,1,'Styrgrupp','[{"address": "anna@example.org", "user": 1, "number": null, "declined": false}, {"address": "bo@example.net", "user": null, "number": "0046850050", "declined": true}]','[{"address": "list@example.org", "why": "group"}]',0,0,'');
CREATE TABLE contacts (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	book INTEGER NOT NULL, 
	"key" VARCHAR NOT NULL, 
	revision INTEGER NOT NULL, 
	fields JSON NOT NULL, 
	FOREIGN KEY(book) REFERENCES books (id) ON DELETE CASCADE, 
	CONSTRAINT uq_contacts_book_key UNIQUE (book, "key")
);
INSERT INTO "contacts" VALUES(1,1,'k1',1,'["Person k1", "", "", "", "", [], [["work", "08-123 45", "+46812345"]]]');
CREATE TABLE devices (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	user INTEGER NOT NULL, 
	name VARCHAR NOT NULL, 
	vendor VARCHAR NOT NULL, 
	form VARCHAR, 
	salt BLOB NOT NULL, 
	verifier BLOB NOT NULL, 
	FOREIGN KEY(user) REFERENCES users (id) ON DELETE CASCADE, 
	CONSTRAINT uq_devices_user_name UNIQUE (user, name)
);
INSERT INTO "devices" VALUES(1,1,'desk','snom',NULL,X'690268B6D90E3203236AC4C1F9BF7272',X'8D573D33B2191363CA326E6AB14C5F8025052B9AA2C789BB5E060747CEBE9446');
CREATE TABLE diversions (
	id INTEGER NOT NULL, 
	mailbox INTEGER NOT NULL, 
	user INTEGER NOT NULL, 
	"key" VARCHAR NOT NULL, 
	code VARCHAR NOT NULL, 
	start BIGINT NOT NULL, 
	"end" BIGINT NOT NULL, 
	diverts BOOLEAN NOT NULL, 
	target VARCHAR, 
	text TEXT, dismissed BOOLEAN DEFAULT 0 NOT NULL, found BIGINT DEFAULT '0' NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(mailbox) REFERENCES mailboxes (id) ON DELETE CASCADE, 
	FOREIGN KEY(user) REFERENCES users (id) ON DELETE CASCADE
);
INSERT INTO "diversions" VALUES(1,1,1,'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa','meeting',1795435200000000,1795438800000000,1,NULL,'Styrgrupp',1,0);
INSERT INTO "diversions" VALUES(2,1,1,'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb','trip',1795431600000000,1795446000000000,1,'1004',NULL,1,0);
INSERT INTO "diversions" VALUES(3,1,1,'cccccccccccccccccccccccccccccccc','lunch',1795435200000000,1795438800000000,0,NULL,NULL,0,0);
CREATE TABLE emails (
	email VARCHAR NOT NULL, 
	user INTEGER NOT NULL, 
	position INTEGER NOT NULL, 
	PRIMARY KEY (email), 
	FOREIGN KEY(user) REFERENCES users (id) ON DELETE CASCADE
);
INSERT INTO "emails" VALUES('bo@example.org',2,0);
INSERT INTO "emails" VALUES('anna@example.org',1,0);
INSERT INTO "emails" VALUES('a@example.org',1,1);
CREATE TABLE health (
	name VARCHAR NOT NULL, 
	ok BOOLEAN NOT NULL, 
	since BIGINT NOT NULL, 
	said TEXT NOT NULL, 
	remedy TEXT NOT NULL, 
	beat BIGINT NOT NULL, 
	facts JSON NOT NULL, 
	PRIMARY KEY (name)
);
INSERT INTO "health" VALUES('pbx:main',1,1795435200000000,'','',1795435200000000,'{"held": 3}');
CREATE TABLE invitations (
	signin INTEGER NOT NULL, 
	verifier BLOB NOT NULL, 
	until BIGINT NOT NULL, 
	PRIMARY KEY (signin), 
	FOREIGN KEY(signin) REFERENCES signins (id) ON DELETE CASCADE, 
	UNIQUE (verifier)
);
INSERT INTO "invitations" VALUES(2,X'39A8BEFE77491D3952CA220E54D0F3578BEB4683A77464206FCF3A17359A3563',1795438800000000);
CREATE TABLE mailboxes (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	user INTEGER NOT NULL, 
	account INTEGER NOT NULL, 
	address VARCHAR NOT NULL, 
	path VARCHAR, 
	token TEXT, 
	day DATE, 
	epoch INTEGER NOT NULL, 
	tried BIGINT, 
	succeeded BIGINT, 
	failing_since BIGINT, 
	error VARCHAR, 
	said TEXT, 
	set_aside INTEGER NOT NULL, 
	remarks JSON NOT NULL, calendar BOOLEAN DEFAULT 1 NOT NULL, refresh INTEGER, 
	FOREIGN KEY(account) REFERENCES accounts (id) ON DELETE CASCADE, 
	FOREIGN KEY(user) REFERENCES users (id) ON DELETE CASCADE, 
	CONSTRAINT uq_mailboxes_user_account UNIQUE (user, account)
);
INSERT INTO "mailboxes" VALUES(1,1,1,'anna@example.org','/anna/',NULL,NULL,4,1795435200000000,1795435200000000,NULL,NULL,NULL,2,'{"withheld": 1}',1,300);
INSERT INTO "mailboxes" VALUES(2,2,1,'bo@example.org',NULL,NULL,NULL,3,NULL,NULL,NULL,NULL,NULL,0,'{}',1,3600);
CREATE TABLE meetings (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	mailbox INTEGER NOT NULL, 
	organiser INTEGER NOT NULL, 
	meeting VARCHAR NOT NULL, 
	series VARCHAR NOT NULL, 
	start BIGINT NOT NULL, 
	"end" BIGINT NOT NULL, 
	autocall BOOLEAN NOT NULL, 
	subject VARCHAR NOT NULL, 
	participants JSON NOT NULL, 
	left_out JSON NOT NULL, 
	FOREIGN KEY(mailbox) REFERENCES mailboxes (id) ON DELETE CASCADE, 
	FOREIGN KEY(organiser) REFERENCES users (id) ON DELETE CASCADE
);
INSERT INTO "meetings" VALUES(1,1,1,'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa','55555555555555555555555555555555',1795435200000000,1795438800000000,1,'Styrgrupp','[{"address": "anna@example.org", "user": 1, "number": null, "declined": false}, {"address": "bo@example.net", "user": null, "number": "0046850050", "declined": false}]','[{"address": "list@example.org", "why": "group"}]');
CREATE TABLE numbers (
	number VARCHAR NOT NULL, 
	user INTEGER NOT NULL, 
	position INTEGER NOT NULL, 
	PRIMARY KEY (number), 
	FOREIGN KEY(user) REFERENCES users (id) ON DELETE CASCADE
);
INSERT INTO "numbers" VALUES('1002',2,0);
INSERT INTO "numbers" VALUES('1001',1,0);
INSERT INTO "numbers" VALUES('2001',1,1);
CREATE TABLE organisation (
	id INTEGER NOT NULL, 
	zone VARCHAR NOT NULL, 
	language VARCHAR NOT NULL, 
	hours JSON NOT NULL, 
	mode VARCHAR NOT NULL, 
	marker VARCHAR NOT NULL, 
	only_own BOOLEAN NOT NULL, 
	permitted JSON NOT NULL, 
	operator VARCHAR, through JSON DEFAULT '[]' NOT NULL, outside JSON DEFAULT '[]' NOT NULL, grace INTEGER DEFAULT '900' NOT NULL, dial_in JSON DEFAULT '{}' NOT NULL, numbering JSON DEFAULT '{}' NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "organisation" VALUES(1,'Europe/Stockholm','sv','{"week": {"0": [["08:00", "17:00"]]}, "country": "SE", "subdivision": ""}','codes','//',0,'["1xxx"]','1000','[]','["00*"]',300,'{"sv": "08123450"}','{"country": "SE", "area": "8", "outside": "0", "extension": 4, "form": "written"}');
CREATE TABLE rooms (
	number VARCHAR NOT NULL, 
	pbx VARCHAR NOT NULL, 
	owner INTEGER, 
	pin VARCHAR NOT NULL, 
	recorded BOOLEAN NOT NULL, 
	PRIMARY KEY (number), 
	FOREIGN KEY(owner) REFERENCES users (id) ON DELETE SET NULL
);
INSERT INTO "rooms" VALUES('8001','main',1,'',0);
CREATE TABLE sessions (
	verifier BLOB NOT NULL, 
	signin INTEGER NOT NULL, 
	created BIGINT NOT NULL, 
	used BIGINT NOT NULL, 
	until BIGINT NOT NULL, 
	agent VARCHAR NOT NULL, 
	PRIMARY KEY (verifier), 
	FOREIGN KEY(signin) REFERENCES signins (id) ON DELETE CASCADE
);
INSERT INTO "sessions" VALUES(X'48F7AC6F49D280A06742AB916BE3AC59DA127D85C848D63945737466577D9131',1,1795435200000000,1795435200000000,1795438800000000,'a browser');
CREATE TABLE signins (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	user INTEGER, 
	name VARCHAR, 
	role INTEGER NOT NULL, 
	hash VARCHAR, 
	FOREIGN KEY(user) REFERENCES users (id) ON DELETE CASCADE, 
	UNIQUE (user), 
	UNIQUE (name)
);
INSERT INTO "signins" VALUES(1,1,NULL,3,'a hash');
INSERT INTO "signins" VALUES(2,2,NULL,1,NULL);
CREATE TABLE switches (
	name VARCHAR NOT NULL, 
	since BIGINT NOT NULL, 
	PRIMARY KEY (name)
);
INSERT INTO "switches" VALUES('off',1795435200000000);
CREATE TABLE tokens (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	signin INTEGER NOT NULL, 
	name VARCHAR NOT NULL, 
	verifier BLOB NOT NULL, 
	scopes JSON NOT NULL, 
	created BIGINT NOT NULL, 
	used BIGINT, 
	until BIGINT, 
	FOREIGN KEY(signin) REFERENCES signins (id) ON DELETE CASCADE, 
	UNIQUE (verifier)
);
INSERT INTO "tokens" VALUES(1,1,'a program',X'BAB5660FEDCB9D6100A14BE30412C4A2E123244340B9C364FC33EF6C8AE184A3','["own:read"]',1795435200000000,NULL,NULL);
CREATE TABLE turns (
	number VARCHAR NOT NULL, 
	turn BIGINT NOT NULL, 
	PRIMARY KEY (number)
);
INSERT INTO "turns" VALUES('1001',4);
CREATE TABLE users (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	name VARCHAR NOT NULL, 
	zone VARCHAR NOT NULL, 
	language VARCHAR NOT NULL, 
	pbx VARCHAR NOT NULL, 
	hours JSON, 
	operator VARCHAR, 
	enabled BOOLEAN NOT NULL
, through JSON DEFAULT '[]' NOT NULL);
INSERT INTO "users" VALUES(1,'Änna','Europe/Stockholm','de','main','{"week": {"2": [["09:00", "15:00"]]}, "country": "", "subdivision": ""}','9',1,'["1002"]');
INSERT INTO "users" VALUES(2,'','Europe/Stockholm','sv','main',NULL,NULL,0,'[]');
CREATE TABLE wishes (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	kind VARCHAR NOT NULL, 
	user INTEGER, 
	asked BIGINT NOT NULL, 
	FOREIGN KEY(user) REFERENCES users (id) ON DELETE CASCADE
);
INSERT INTO "wishes" VALUES(1,'sync',1,1795435200000000);
CREATE INDEX ix_emails_user ON emails (user);
CREATE INDEX ix_mailboxes_account ON mailboxes (account);
CREATE INDEX ix_numbers_user ON numbers (user);
CREATE INDEX ix_wishes_user ON wishes (user);
CREATE INDEX ix_diversions_end ON diversions ("end");
CREATE INDEX ix_diversions_mailbox ON diversions (mailbox);
CREATE INDEX ix_diversions_user ON diversions (user);
CREATE INDEX ix_absences_end ON absences ("end");
CREATE INDEX ix_meetings_end ON meetings ("end");
CREATE INDEX ix_meetings_mailbox ON meetings (mailbox);
CREATE INDEX ix_meetings_organiser ON meetings (organiser);
CREATE INDEX ix_rooms_owner ON rooms (owner);
CREATE INDEX ix_conferences_closes ON conferences (closes);
CREATE INDEX ix_calls_conference ON calls (conference);
CREATE INDEX ix_calls_ends ON calls (ends);
CREATE INDEX ix_books_account ON books (account);
CREATE INDEX ix_books_owner ON books (owner);
CREATE INDEX ix_contacts_revision ON contacts (revision);
CREATE INDEX ix_sessions_signin ON sessions (signin);
CREATE INDEX ix_tokens_signin ON tokens (signin);
CREATE INDEX ix_claims_user ON claims (user);
CREATE INDEX ix_audit_at ON audit (at);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('users',2);
INSERT INTO "sqlite_sequence" VALUES('accounts',1);
INSERT INTO "sqlite_sequence" VALUES('mailboxes',2);
INSERT INTO "sqlite_sequence" VALUES('wishes',1);
INSERT INTO "sqlite_sequence" VALUES('meetings',1);
INSERT INTO "sqlite_sequence" VALUES('books',2);
INSERT INTO "sqlite_sequence" VALUES('contacts',1);
INSERT INTO "sqlite_sequence" VALUES('devices',1);
INSERT INTO "sqlite_sequence" VALUES('signins',2);
INSERT INTO "sqlite_sequence" VALUES('tokens',1);
INSERT INTO "sqlite_sequence" VALUES('claims',1);
INSERT INTO "sqlite_sequence" VALUES('audit',1);
COMMIT;
