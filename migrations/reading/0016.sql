-- Provisional values: what is submitted and not yet approved. A question that says `provisional` reads them, and them
-- alone; of the context's boxes only those count that say so too. Without the word nothing is as it was not before.

CREATE OR REPLACE FUNCTION granted_cells(question jsonb, asked_period text)
RETURNS TABLE (of_row text, elements text[], limits jsonb) LANGUAGE plpgsql STABLE AS $$
DECLARE
    asked_lineage text[] := (SELECT lineage FROM divisions WHERE code = question ->> 'place');
    asked text[] := CASE jsonb_typeof(question -> 'elements') WHEN 'array' THEN
        ARRAY(SELECT jsonb_array_elements_text(question -> 'elements')) END;
    is_provisional boolean := coalesce((question ->> 'provisional')::boolean, false);
    context jsonb;
    own jsonb;
    box jsonb;
BEGIN
    FOR context, own IN
        SELECT c, q FROM jsonb_array_elements(coalesce(nullif(current_setting('hub.boxes', true), '')::jsonb, '[]')) c,
            jsonb_array_elements(question -> 'boxes') q
    LOOP
        CONTINUE WHEN is_provisional AND NOT coalesce((context ->> 'provisional')::boolean, false);
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

CREATE OR REPLACE FUNCTION granted_rows(question jsonb, asked_period text, cells jsonb) RETURNS text
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
    IF (question ->> 'provisional')::boolean THEN
        held := replace(held, 'FROM records', 'FROM provisional_records');
    ELSIF question ->> 'as_of' IS NOT NULL THEN
        -- The newest revision of each row that had been submitted by then.
        held := 'SELECT DISTINCT ON (r.division, r.entity) %s FROM record_revisions r JOIN divisions d ON d.code = r.division'
            ' WHERE %s ORDER BY r.division, r.entity, r.revision DESC%s';
        conditions := conditions || format('r.submitted_at <= %L', question ->> 'as_of')
            || format('r.area = ANY(%L::text[])', areas_of(question));
    END IF;
    RETURN format(held, columns, '(' || array_to_string(conditions, ') AND (') || ')',
        ' LIMIT ' || (question ->> 'limit')::bigint);
END $$;

-- Period after period, until the limit is reached. Before, the rows found so far were held against what was left of the
-- limit: a page of many small periods ended halfway and said that it was the last.
CREATE OR REPLACE FUNCTION granted_values(question jsonb)
RETURNS TABLE (period varchar, division varchar, entity varchar, payload jsonb, missing jsonb, versions jsonb, withheld jsonb,
    revision int, submission varchar, submitted_at timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    asked_period text;
    cells jsonb;
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
        EXIT WHEN more >= (question ->> 'limit')::bigint;
        question := jsonb_set(question, '{limit}', coalesce(to_jsonb((question ->> 'limit')::bigint - more), 'null'));
    END LOOP;
END $$;

-- How many values a question leaves out because nobody has approved them: a number, no value. Where nothing is in
-- review, which is nearly always, it costs one look into an index.
CREATE FUNCTION provisional_count(question jsonb) RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    asked_period text;
    cells jsonb;
    whole jsonb := (question - 'after' - 'limit' - 'as_of') || '{"provisional": true}';
    of_period bigint;
    total bigint := 0;
BEGIN
    FOR asked_period IN
        SELECT p FROM jsonb_array_elements_text(question -> 'periods') p WHERE EXISTS (
            SELECT FROM provisional_records r WHERE r.object_class = question ->> 'object_class' AND r.period = p)
    LOOP
        -- The boxes are those of the question itself: what is only counted needs no box for provisional values.
        cells := (SELECT jsonb_agg(c) FROM granted_cells(question - 'provisional', asked_period) c);
        CONTINUE WHEN cells IS NULL;
        EXECUTE format(
            'SELECT count(*) FROM (SELECT *, payload AS p, versions AS v FROM (%s) AS kept) AS row,'
            ' LATERAL jsonb_object_keys(jsonb_strip_nulls(%s)) AS told',
            granted_rows(whole, asked_period, cells), narrowed('p', cells)) INTO of_period;
        total := total + of_period;
    END LOOP;
    RETURN total;
END $$;
