-- What the version before migrations made of an empty database.
CREATE TABLE twitter_sentiment (
    id VARCHAR(255) NOT NULL,
    user VARCHAR(255) NOT NULL,
    sentiment VARCHAR(8) NOT NULL,
    score FLOAT(53) NOT NULL,
    twitter_raw TEXT NOT NULL,
    twitter_clean TEXT NOT NULL,
    data VARCHAR(24) NOT NULL,
    source VARCHAR(16) NOT NULL,
    topics TEXT NOT NULL,
    lang VARCHAR(16) NOT NULL,
    model_version VARCHAR(64) NOT NULL,
    analyzed_at VARCHAR(24) NOT NULL,
    PRIMARY KEY (id)
)CHARSET=utf8mb4 ENGINE=InnoDB COLLATE utf8mb4_bin;

CREATE INDEX by_model ON twitter_sentiment (model_version);

CREATE INDEX by_analysis ON twitter_sentiment (analyzed_at);

CREATE INDEX by_date ON twitter_sentiment (data, sentiment, score, lang);

CREATE TABLE tweet_topics (
    id VARCHAR(255) NOT NULL,
    topic VARCHAR(64) NOT NULL,
    data VARCHAR(24) NOT NULL,
    sentiment VARCHAR(8) NOT NULL,
    score FLOAT(53) NOT NULL,
    PRIMARY KEY (id, topic)
)CHARSET=utf8mb4 ENGINE=InnoDB COLLATE utf8mb4_bin;

CREATE INDEX by_topic ON tweet_topics (topic, data, sentiment, score);

CREATE INDEX by_date_topic ON tweet_topics (data, topic, sentiment, score);

CREATE TABLE revisions (
    id VARCHAR(255) NOT NULL,
    revision VARCHAR(64) NOT NULL,
    removed BOOL NOT NULL,
    decided_at VARCHAR(24) NOT NULL,
    PRIMARY KEY (id)
)CHARSET=utf8mb4 ENGINE=InnoDB COLLATE utf8mb4_bin;

CREATE TABLE gaps (
    id VARCHAR(64) NOT NULL,
    source VARCHAR(16) NOT NULL,
    started_at VARCHAR(24) NOT NULL,
    ended_at VARCHAR(24) NOT NULL,
    reason VARCHAR(64) NOT NULL,
    recovered BOOL NOT NULL,
    detail TEXT NOT NULL,
    PRIMARY KEY (id)
)CHARSET=utf8mb4 ENGINE=InnoDB COLLATE utf8mb4_bin;

CREATE INDEX gaps_by_start ON gaps (started_at);

CREATE TABLE dead_letters (
    id VARCHAR(64) NOT NULL,
    source VARCHAR(16) NOT NULL,
    position TEXT NOT NULL,
    reason VARCHAR(64) NOT NULL,
    detail TEXT NOT NULL,
    original LONGBLOB NOT NULL,
    died_at VARCHAR(24) NOT NULL,
    PRIMARY KEY (id)
)CHARSET=utf8mb4 ENGINE=InnoDB COLLATE utf8mb4_bin;

CREATE INDEX letters_by_death ON dead_letters (died_at);

CREATE TABLE skipped (
    id VARCHAR(255) NOT NULL,
    lang VARCHAR(16) NOT NULL,
    data VARCHAR(24) NOT NULL,
    PRIMARY KEY (id)
)CHARSET=utf8mb4 ENGINE=InnoDB COLLATE utf8mb4_bin;

CREATE INDEX skipped_by_date ON skipped (data, lang);

CREATE TABLE positions (
    source VARCHAR(255) NOT NULL,
    `cursor` TEXT NOT NULL,
    seen_at VARCHAR(24) NOT NULL,
    emitted INTEGER NOT NULL,
    finished BOOL NOT NULL,
    PRIMARY KEY (source)
)CHARSET=utf8mb4 ENGINE=InnoDB COLLATE utf8mb4_bin;
