CREATE TABLE entries (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL,
    message text NOT NULL,
    written timestamptz NOT NULL DEFAULT now()
);

INSERT INTO entries (name, message) VALUES
    ('Grace', 'Two hundred and seven steps. I counted them twice, because nobody believed me.'),
    ('Linus', 'We saw the ferry turn around the point without slowing down. So that is what smooth means.'),
    ('Ada', 'The light turns, the lamp is changed while it burns, and no ship has ever noticed.');
