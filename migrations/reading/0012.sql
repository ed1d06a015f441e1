-- The reading half of the second wall. Whoever reads for a scope reads through these functions, which belong to
-- the owner: the tables themselves show the serving role only the divisions of `hub.divisions`, which a
-- department's transaction never names.
--
-- `hub.boxes` is the transaction's context, a list of boxes:
--   {"elements": {"a": null, "b": 3} or null for all, "divisions": ["433124"], "first_day": "2026-01-01",
--    "last_day": "9999-12-31"}
-- where 3 is the first version of b that is not covered. A question carries boxes of its own: what the application
-- believes is granted. A cell is read when a box of each says so. No context: no cells, no rows.
--
-- Each function writes the statement that fits its question and runs it. What holds for every row of the question
-- is no condition of the statement at all, and only the cells asked for are taken out of a row's documents, each
-- unpacked once (docs/decisions/two-walls-around-values.md has the figures).

CREATE FUNCTION first_day_of(period text) RETURNS date LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT make_date(left(period, 4)::int, CASE
        WHEN length(period) = 4 THEN 1
        WHEN substr(period, 6, 1) = 'S' THEN substr(period, 7, 1)::int * 6 - 5
        WHEN substr(period, 6, 1) = 'Q' THEN substr(period, 7, 1)::int * 3 - 2
        ELSE substr(period, 6, 2)::int END, 1)
$$;

CREATE FUNCTION last_day_of(period text) RETURNS date LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT (make_date(left(period, 4)::int, CASE
        WHEN length(period) = 4 THEN 12
        WHEN substr(period, 6, 1) = 'S' THEN substr(period, 7, 1)::int * 6
        WHEN substr(period, 6, 1) = 'Q' THEN substr(period, 7, 1)::int * 3
        ELSE substr(period, 6, 2)::int END, 1) + interval '1 month' - interval '1 day')::date
$$;

-- What must hold of a row's `period` and `lineage` so that a box covers it; 'true' and 'false' where the question
-- alone decides. `asked_period` null: of any period; `asked_lineage` null: of any place.
CREATE FUNCTION box_condition(box jsonb, asked_period text, asked_lineage text[]) RETURNS text
LANGUAGE plpgsql STABLE AS $$
DECLARE
    divisions text[] := ARRAY(SELECT jsonb_array_elements_text(box -> 'divisions'));
    first_day date := box ->> 'first_day';
    last_day date := box ->> 'last_day';
    conditions text[] := '{}';
BEGIN
    IF asked_period IS NULL THEN
        IF first_day > date '0001-01-01' THEN
            conditions := conditions || format('first_day_of(period) >= %L::date', first_day);
        END IF;
        IF last_day < date '9999-12-31' THEN
            conditions := conditions || format('last_day_of(period) <= %L::date', last_day);
        END IF;
    ELSIF first_day_of(asked_period) < first_day OR last_day_of(asked_period) > last_day THEN
        RETURN 'false';
    END IF;
    IF asked_lineage IS NULL OR NOT asked_lineage && divisions THEN
        conditions := conditions || format('lineage && %L::text[]', divisions);
    END IF;
    RETURN coalesce(nullif(array_to_string(conditions, ' AND '), ''), 'true');
END $$;

CREATE FUNCTION both_hold(one text, other text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN one = 'false' OR other = 'false' THEN 'false' WHEN one = 'true' OR one = other THEN other
        WHEN other = 'true' THEN one ELSE one || ' AND ' || other END
$$;

-- What the context and the question's own boxes let through together, one line for each pair of boxes that meet.
-- `elements` null: all; `limits`: element to the first version not covered.
CREATE FUNCTION granted_cells(question jsonb, asked_period text)
RETURNS TABLE (of_row text, elements text[], limits jsonb) LANGUAGE plpgsql STABLE AS $$
DECLARE
    asked_lineage text[] := (SELECT lineage FROM divisions WHERE code = question ->> 'place');
    asked text[] := CASE jsonb_typeof(question -> 'elements') WHEN 'array' THEN
        ARRAY(SELECT jsonb_array_elements_text(question -> 'elements')) END;
    context jsonb;
    own jsonb;
    box jsonb;
BEGIN
    FOR context, own IN
        SELECT c, q FROM jsonb_array_elements(coalesce(nullif(current_setting('hub.boxes', true), '')::jsonb, '[]')) c,
            jsonb_array_elements(question -> 'boxes') q
    LOOP
        of_row := both_hold(
            box_condition(context, asked_period, asked_lineage), box_condition(own, asked_period, asked_lineage));
        CONTINUE WHEN of_row = 'false';
        limits := '{}';
        elements := asked;
        FOREACH box IN ARRAY ARRAY[context, own] LOOP
            CONTINUE WHEN box -> 'elements' = 'null';
            elements := CASE WHEN elements IS NULL THEN ARRAY(SELECT jsonb_object_keys(box -> 'elements'))
                ELSE ARRAY(SELECT e FROM unnest(elements) e WHERE box -> 'elements' ? e) END;
            -- Of two limits the lower one holds.
            limits := jsonb_strip_nulls(box -> 'elements') || coalesce((
                SELECT jsonb_object_agg(key, least(value::int, (box -> 'elements' ->> key)::int))
                FROM jsonb_each_text(limits)
            ), '{}');
        END LOOP;
        IF elements IS DISTINCT FROM '{}' THEN
            RETURN NEXT;
        END IF;
    END LOOP;
END $$;

-- An expression for these members of a document, with null for those it lacks. A function takes at most a
-- hundred arguments.
CREATE FUNCTION picked(document text, elements text[]) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT string_agg(part, ' || ') FROM (
        SELECT 'jsonb_build_object(' || string_agg(format('%L, %s -> %L', e, document, e), ', ') || ')' AS part
        FROM unnest(elements) WITH ORDINALITY AS named (e, n) GROUP BY (n - 1) / 50
    ) parts
$$;

-- An expression for what the granted cells leave of a document (columns `lineage`, `period` and `v` in sight).
CREATE FUNCTION narrowed(document text, cells jsonb) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT coalesce(string_agg(CASE condition WHEN 'true' THEN expression
            ELSE format('CASE WHEN %s THEN %s ELSE ''{}'' END', condition, expression) END, ' || '), '''{}''::jsonb')
    FROM jsonb_to_recordset(cells) AS cell (of_row text, elements text[], limits jsonb),
        LATERAL (
            SELECT of_row, CASE WHEN elements IS NULL THEN document ELSE picked(document, free) END
            FROM (SELECT ARRAY(SELECT e FROM unnest(elements) e WHERE NOT limits ? e) AS free) AS unlimited
            WHERE elements IS NULL OR free <> '{}'
            UNION ALL
            SELECT format('%s AND coalesce((v ->> %L)::int, 0) < %s', of_row, e, limits ->> e), picked(document, ARRAY[e])
            FROM unnest(elements) e WHERE limits ? e
        ) AS part (condition, expression)
$$;

-- What is granted under an earlier version only: element to the version it was captured under.
CREATE FUNCTION withheld(cells jsonb, payload text) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT coalesce('(' || string_agg(format(
        'CASE WHEN %s AND (v ->> %L)::int >= %s THEN jsonb_build_object(%L, v -> %L) ELSE ''{}'' END',
        of_row, e, limits ->> e, e, e), ' || ') || format(') - ARRAY(SELECT jsonb_object_keys(%s))', payload),
        '''{}''::jsonb')
    FROM jsonb_to_recordset(cells) AS cell (of_row text, elements text[], limits jsonb), unnest(elements) e
    WHERE limits ? e
$$;

CREATE FUNCTION any_row(cells jsonb) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN bool_or(c ->> 'of_row' = 'true') THEN 'true'
        ELSE coalesce(string_agg(DISTINCT '(' || (c ->> 'of_row') || ')', ' OR '), 'false') END
    FROM jsonb_array_elements(cells) c
$$;

-- The areas that a question's rows can lie in: their history is found by them.
CREATE FUNCTION areas_of(question jsonb) RETURNS text[] LANGUAGE sql STABLE AS $$
    SELECT ARRAY(
        SELECT area FROM area_clocks JOIN divisions ON code = area, LATERAL (
            SELECT CASE WHEN question ->> 'place' IS NOT NULL THEN ARRAY[question ->> 'place'] ELSE ARRAY(
                SELECT jsonb_array_elements_text(box -> 'divisions') FROM jsonb_array_elements(question -> 'boxes') box
            ) END AS asked
        ) places
        WHERE lineage && asked
            OR area IN (SELECT unnest(d.lineage) FROM divisions d WHERE d.code = ANY(asked))
    )
$$;

-- The rows of one period that may be read, before anything is taken out of their documents.
CREATE FUNCTION granted_rows(question jsonb, asked_period text, cells jsonb) RETURNS text
LANGUAGE plpgsql STABLE AS $$
DECLARE
    columns text := 'r.division, r.entity, d.lineage, r.revision, r.submission, r.submitted_at, r.payload, r.missing, r.versions';
    held text := 'SELECT %s FROM records r JOIN divisions d ON d.code = r.division WHERE %s ORDER BY r.division, r.entity%s';
    conditions text[] := ARRAY[
        format('r.object_class = %L', question ->> 'object_class'), format('r.period = %L', asked_period), any_row(cells)];
BEGIN
    IF question ->> 'place' IS NOT NULL THEN
        conditions := conditions || format('lineage && ARRAY[%L]', question ->> 'place');
    END IF;
    IF question -> 'after' ->> 0 = asked_period THEN
        conditions := conditions
            || format('(r.division, r.entity) > (%L, %L)', question -> 'after' ->> 1, question -> 'after' ->> 2);
    END IF;
    IF question ->> 'as_of' IS NOT NULL THEN
        -- The newest revision of each row that had been submitted by then.
        held := 'SELECT DISTINCT ON (r.division, r.entity) %s FROM record_revisions r JOIN divisions d ON d.code = r.division'
            ' WHERE %s ORDER BY r.division, r.entity, r.revision DESC%s';
        conditions := conditions || format('r.submitted_at <= %L', question ->> 'as_of')
            || format('r.area = ANY(%L::text[])', areas_of(question));
    END IF;
    RETURN format(held, columns, '(' || array_to_string(conditions, ') AND (') || ')',
        ' LIMIT ' || (question ->> 'limit')::bigint);
END $$;

CREATE FUNCTION granted_values(question jsonb)
RETURNS TABLE (period varchar, division varchar, entity varchar, payload jsonb, missing jsonb, versions jsonb, withheld jsonb,
    revision int, submission varchar, submitted_at timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    asked_period text;
    cells jsonb;
    found_rows bigint := 0;
    more bigint;
BEGIN
    FOR asked_period IN SELECT p FROM jsonb_array_elements_text(question -> 'periods') p
        WHERE question -> 'after' ->> 0 IS NULL OR p >= question -> 'after' ->> 0 ORDER BY p
    LOOP
        cells := (SELECT jsonb_agg(c) FROM granted_cells(question, asked_period) c);
        CONTINUE WHEN cells IS NULL;
        RETURN QUERY EXECUTE format(
            'SELECT %L::varchar, division, entity, %s, CASE m WHEN ''{}'' THEN m ELSE jsonb_strip_nulls(%s) END,'
            ' jsonb_strip_nulls(%s), %s, revision, submission, submitted_at FROM (SELECT *, payload || ''{}'' AS p,'
            ' missing AS m, versions || ''{}'' AS v FROM (%s) AS kept OFFSET 0) AS row',
            asked_period, narrowed('p', cells), narrowed('m', cells), narrowed('v', cells),
            withheld(cells, narrowed('p', cells)), granted_rows(question, asked_period, cells));
        GET DIAGNOSTICS more = ROW_COUNT;
        found_rows := found_rows + more;
        EXIT WHEN found_rows >= (question ->> 'limit')::bigint;
        question := jsonb_set(question, '{limit}', coalesce(to_jsonb((question ->> 'limit')::bigint - more), 'null'));
    END LOOP;
END $$;

CREATE FUNCTION granted_count(question jsonb) RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    asked_period text;
    cells jsonb;
    of_period bigint;
    total bigint := 0;
BEGIN
    FOR asked_period IN SELECT jsonb_array_elements_text(question -> 'periods') LOOP
        cells := (SELECT jsonb_agg(c) FROM granted_cells(question, asked_period) c);
        CONTINUE WHEN cells IS NULL;
        EXECUTE format('SELECT count(*) FROM (%s) AS kept', granted_rows(question, asked_period, cells)) INTO of_period;
        total := total + of_period;
    END LOOP;
    RETURN total;
END $$;

-- Whether the cell of element `k` may be read.
CREATE FUNCTION key_condition(cells jsonb) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT string_agg('(' || of_row || part || ')', ' OR ')
    FROM jsonb_to_recordset(cells) AS cell (of_row text, elements text[], limits jsonb),
        LATERAL (
            SELECT CASE WHEN elements IS NULL THEN '' ELSE format(' AND k = ANY(%L::text[])',
                ARRAY(SELECT e FROM unnest(elements) e WHERE NOT limits ? e)) END
            UNION ALL
            SELECT format(' AND k = %L AND coalesce((v ->> k)::int, 0) < %s', e, limits ->> e)
            FROM unnest(elements) e WHERE limits ? e
        ) AS parts (part)
$$;

-- An expression for the members of a document that changed and may be read. Most changes are of a whole row: where
-- all that is granted changed, the members are taken by name, which costs half of looking through the changed ones.
CREATE FUNCTION changed_only(document text, cells jsonb, all_elements text[]) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN jsonb_array_length(cells) = 1 AND cells -> 0 -> 'limits' = '{}' AND all_elements IS NOT NULL THEN
        format('CASE WHEN changed @> %L::text[] THEN %s ELSE %s END', all_elements, picked(document, all_elements), each)
        ELSE each END
    FROM (SELECT format('(SELECT coalesce(jsonb_object_agg(k, %s -> k), ''{}'') FROM unnest(changed) k WHERE %s)',
        document, key_condition(cells)) AS each) AS looked_through
$$;

-- What changed after some readings of the areas' clocks (`spans`: area to [after, up to]), in order within an area.
CREATE FUNCTION granted_changes(question jsonb)
RETURNS TABLE (area varchar, seq bigint, object_class varchar, period varchar, division varchar, entity varchar,
    lineage text[], elements text[], kind varchar, payload jsonb, missing jsonb, versions jsonb, withheld jsonb, revision int,
    submission varchar, submitted_at timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    cells jsonb := (SELECT jsonb_agg(c) FROM granted_cells(question, NULL) c);
    all_elements text[];
    names_read text := 'ARRAY(SELECT jsonb_object_keys(payload))';
    held_back text;
    statement text;
    span record;
    rows_left bigint := (question ->> 'limit')::bigint;
    of_area bigint;
BEGIN
    IF cells IS NULL THEN
        RETURN;
    END IF;
    IF NOT jsonb_path_exists(cells, '$[*] ? (@.elements == null)') THEN
        all_elements := ARRAY(SELECT DISTINCT jsonb_array_elements_text(c -> 'elements') FROM jsonb_array_elements(cells) c);
    END IF;
    IF jsonb_array_length(cells) = 1 AND cells -> 0 -> 'limits' = '{}' AND all_elements IS NOT NULL THEN
        names_read := format('CASE WHEN changed @> %L::text[] THEN %L::text[] ELSE %s END', all_elements, all_elements,
            names_read);
    END IF;
    held_back := withheld(cells, 'payload');
    IF held_back <> '''{}''::jsonb' THEN
        held_back := format('(SELECT coalesce(jsonb_object_agg(key, value), ''{}'') FROM jsonb_each(%s)'
            ' WHERE key = ANY(changed))', held_back);
    END IF;
    statement := format(
        'SELECT area, seq, object_class, period, division, entity, lineage, %s, CASE WHEN revision = 1 THEN ''value'''
        ' WHEN jsonb_strip_nulls(payload) = ''{}'' THEN ''withdrawal'' ELSE ''correction'' END::varchar,'
        ' payload, CASE missing WHEN ''{}'' THEN missing ELSE jsonb_strip_nulls(%s) END, jsonb_strip_nulls(%s),'
        ' held_back, revision, submission, submitted_at'
        ' FROM (SELECT *, %s AS held_back FROM (SELECT area, seq, object_class, period, division, entity, lineage, missing,'
        '   v, changed, revision, submission, submitted_at, %s AS payload'
        '   FROM (SELECT r.*, d.lineage, r.payload || ''{}'' AS p, r.versions || ''{}'' AS v'
        '    FROM record_revisions r JOIN divisions d ON d.code = r.division'
        '    WHERE r.area = $1 AND r.seq > $2 AND r.seq <= $3 AND %s AND %s ORDER BY r.seq OFFSET 0) AS held'
        '   OFFSET 0) AS narrow OFFSET 0) AS row'
        ' WHERE payload <> ''{}'' OR held_back <> ''{}'' ORDER BY seq LIMIT $4',
        names_read, changed_only('missing', cells, all_elements), changed_only('v', cells, all_elements), held_back,
        changed_only('p', cells, all_elements),
        coalesce('r.changed && ' || quote_literal(all_elements) || '::text[]', 'true'), '(' || any_row(cells) || ')');
    FOR span IN SELECT key, (value ->> 0)::bigint AS low, (value ->> 1)::bigint AS high
        FROM jsonb_each(question -> 'spans') ORDER BY key
    LOOP
        RETURN QUERY EXECUTE statement USING span.key, span.low, span.high, rows_left;
        GET DIAGNOSTICS of_area = ROW_COUNT;
        rows_left := rows_left - of_area;
        EXIT WHEN rows_left <= 0;
    END LOOP;
END $$;

-- Every state of the rows of a question, oldest first within a row; `changed` narrowed like the documents.
CREATE FUNCTION granted_history(question jsonb)
RETURNS TABLE (period varchar, division varchar, entity varchar, payload jsonb, missing jsonb, versions jsonb, changed text[],
    revision int, submission varchar, submitted_at timestamptz, actor varchar, door varchar, reason varchar)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    asked_period text;
    cells jsonb;
BEGIN
    FOR asked_period IN SELECT p FROM jsonb_array_elements_text(question -> 'periods') p ORDER BY p LOOP
        cells := (SELECT jsonb_agg(c) FROM granted_cells(question, asked_period) c);
        CONTINUE WHEN cells IS NULL;
        RETURN QUERY EXECUTE format(
            'SELECT period, division, entity, %s, jsonb_strip_nulls(%s), jsonb_strip_nulls(%s),'
            ' ARRAY(SELECT k FROM unnest(changed) k WHERE %s),'
            ' revision, submission, submitted_at, actor, door, reason'
            ' FROM (SELECT r.*, d.lineage, r.payload || ''{}'' AS p, r.missing AS m, r.versions || ''{}'' AS v'
            '  FROM record_revisions r JOIN divisions d ON d.code = r.division'
            '  WHERE r.area = ANY($1) AND r.object_class = $2 AND r.period = $3 AND %s AND %s'
            '  ORDER BY r.division, r.entity, r.revision LIMIT $4 OFFSET 0) AS row',
            narrowed('p', cells), narrowed('m', cells), narrowed('v', cells), key_condition(cells),
            '(' || any_row(cells) || ')', coalesce('lineage && ARRAY[' || quote_literal(question ->> 'place') || ']', 'true'))
            USING areas_of(question), question ->> 'object_class', asked_period, (question ->> 'limit')::bigint;
    END LOOP;
END $$;

-- Where the clocks of these areas stood at an instant. Numbers alone, and none without a context.
CREATE FUNCTION clocks_at(areas text[], instant timestamptz) RETURNS TABLE (area varchar, seq bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT c.area, coalesce((
        SELECT r.seq FROM record_revisions r WHERE r.area = c.area AND r.submitted_at <= instant ORDER BY r.seq DESC LIMIT 1
    ), 0)
    FROM area_clocks c WHERE c.area = ANY(areas) AND nullif(current_setting('hub.boxes', true), '') IS NOT NULL
$$;

-- CSV (RFC 4180) in the database. Defused: what begins like a formula gets an apostrophe (hub.kit.spreadsheets has
-- the same definition, and one test holds both to it).
CREATE FUNCTION csv_text(value text, is_defused boolean) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN told ~ '[",\r\n]' THEN '"' || replace(told, '"', '""') || '"' ELSE told END
    FROM (SELECT CASE WHEN is_defused AND value ~ '^[-=+@\t\r\n＝＋－＠]' THEN '''' ELSE '' END || value AS told) AS cell
$$;

-- A negative number stays a number.
CREATE FUNCTION csv_cell(value jsonb, is_defused boolean) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE jsonb_typeof(value) WHEN 'number' THEN value::text WHEN 'boolean' THEN value::text
        WHEN 'string' THEN csv_text(value #>> '{}', is_defused) ELSE '' END
$$;

CREATE FUNCTION csv_document(value jsonb) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN value = '{}' THEN '' ELSE '"' || replace(value::text, '"', '""') || '"' END
$$;
