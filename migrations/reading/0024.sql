-- Pages as text, written by the very statement that reads them: what a function hands on is a line, no documents. The
-- rows are those of `granted_rows`, the cells those of `granted_cells`; a question that one cell answers without a
-- limit of versions, as nearly every one is, has its members written one by one, every other goes through the rows.

-- Whether all that is granted is granted alike: then `any_row` has already kept out the rows that are not.
CREATE FUNCTION is_even(cells jsonb) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    RETURN jsonb_array_length(cells) = 1 AND cells -> 0 -> 'limits' = '{}' AND jsonb_typeof(cells -> 0 -> 'elements') = 'array';
END $$;

-- An expression for some texts in a row. A function takes at most a hundred arguments.
CREATE FUNCTION joined(parts text[]) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    pieces text[] := '{}';
BEGIN
    FOR start IN 1 .. cardinality(parts) BY 80 LOOP
        pieces := pieces || format('concat(%s)', array_to_string(parts[start : start + 79], ', '));
    END LOOP;
    RETURN CASE WHEN cardinality(pieces) = 1 THEN pieces[1] ELSE format('concat(%s)', array_to_string(pieces, ', ')) END;
END $$;

-- An expression for these members of a document as a JSON text, with null for those it lacks.
CREATE FUNCTION members(document text, elements text[]) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    parts text[] := '{}';
    opening text := '{';
    element text;
BEGIN
    FOREACH element IN ARRAY elements LOOP
        parts := parts || format('%L', opening || to_json(element) || ':') || format('coalesce(%s -> %L, ''null'')', document, element);
        opening := ',';
    END LOOP;
    RETURN joined(parts || '''}'''::text);
END $$;

-- These members of a document.
CREATE FUNCTION narrowed_to(document jsonb, elements text[]) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    RETURN (SELECT coalesce(jsonb_object_agg(e, document -> e), '{}') FROM unnest(elements) e);
END $$;

-- An expression for the text of the first of these members that is there; null when none is.
CREATE FUNCTION any_member(document text, elements text[]) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    RETURN (SELECT format('coalesce(%s)', string_agg(format('%s ->> %L', document, e), ', ')) FROM unnest(elements) e);
END $$;

-- The versions that the caller expects these elements to have been captured under; null when it does not name all. A
-- row that has just these is told by one comparison; what is written is the same either way.
CREATE FUNCTION expected_versions(question jsonb, elements text[]) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    IF question -> 'versions' ?& elements THEN
        RETURN (SELECT jsonb_object_agg(e, question -> 'versions' -> e) FROM unnest(elements) e);
    END IF;
    RETURN NULL;
END $$;

-- A row as it goes over the wire: `held`, `missing` and `versions` are expressions for JSON texts, `tail` what
-- stands after the last member. Codes, identifiers and numbers of submissions need no escape.
CREATE FUNCTION json_line(held text, missing text, versions text, tail text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    RETURN format('concat(''{"division":"'', division, ''","period":"'', period, ''","entity":'','
        ' CASE entity WHEN '''' THEN ''null'' ELSE to_json(entity)::text END, '',"values":'', %s, '',"missing":'', %s,'
        ' '',"versions":'', %s, '',"revision":'', revision, '',"submission":"'', submission, ''","submitted_at":"'','
        ' to_char(submitted_at AT TIME ZONE ''UTC'', ''YYYY-MM-DD"T"HH24:MI:SS.US"Z"''), %s)',
        held, missing, versions, tail);
END $$;

-- division, period, entity, a column for each element asked (empty for what is not granted), why cells are empty, and
-- where the values come from. `missing` and `versions` are expressions for cells.
CREATE FUNCTION csv_line(document text, asked text[], granted text[], missing text, versions text, is_defused boolean)
RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    comma CONSTANT text := ''',''';
    parts text[] := ARRAY['division', comma, 'period', comma, format('csv_text(entity, %L)', is_defused)];
    element text;
BEGIN
    FOREACH element IN ARRAY asked LOOP
        parts := parts || comma || CASE WHEN element = ANY(granted) THEN
            format('csv_cell(%s -> %L, %L)', document, element, is_defused) ELSE '''''' END;
    END LOOP;
    RETURN joined(parts || ARRAY[comma, missing, comma, versions, comma, 'revision', comma, 'submission', comma,
        'to_char(submitted_at AT TIME ZONE ''UTC'', ''YYYY-MM-DD"T"HH24:MI:SS.US"Z"'')', 'E''\r\n''']);
END $$;

-- `granted_values` as lines of a form: json, ndjson, csv, or table (CSV for a program that reads it back, where text
-- stays as it is). The question names its elements.
CREATE FUNCTION granted_lines(question jsonb, form text)
RETURNS TABLE (period varchar, division varchar, entity varchar, line text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    asked text[] := ARRAY(SELECT jsonb_array_elements_text(question -> 'elements'));
    is_json boolean := form IN ('json', 'ndjson');
    tail text := quote_literal('"' || CASE WHEN (question ->> 'provisional')::boolean THEN ',"provisional":true' ELSE '' END
        || CASE form WHEN 'ndjson' THEN E'}\n' ELSE '}' END);
    asked_period text;
    cells jsonb;
    granted text[];
    expected jsonb;
    missing text;
    versions text;
    more bigint;
BEGIN
    FOR asked_period IN SELECT p FROM jsonb_array_elements_text(question -> 'periods') p
        WHERE question -> 'after' ->> 0 IS NULL OR p >= question -> 'after' ->> 0 ORDER BY p
    LOOP
        cells := (SELECT jsonb_agg(c) FROM granted_cells(question, asked_period) c);
        CONTINUE WHEN cells IS NULL;
        IF is_even(cells) THEN
            granted := ARRAY(SELECT jsonb_array_elements_text(cells -> 0 -> 'elements'));
            expected := expected_versions(question, granted);
            missing := format('CASE m WHEN ''{}'' THEN m ELSE jsonb_strip_nulls(narrowed_to(m, %L)) END', granted);
            versions := format('jsonb_strip_nulls(%s)', picked('v', granted));
            RETURN QUERY EXECUTE format(
                'SELECT period, division, entity, %s FROM (SELECT *, %L::varchar AS period, payload || ''{}'' AS p,'
                ' missing AS m, CASE WHEN %s THEN versions || ''{}'' END AS v FROM (%s) AS kept OFFSET 0) AS row',
                CASE WHEN is_json THEN json_line(members('p', granted), missing,
                    format('CASE WHEN v IS NULL THEN %L ELSE %s::text END', expected, versions), tail)
                ELSE csv_line('p', asked, granted, format('csv_document(%s)', missing),
                    format('CASE WHEN v IS NULL THEN %L ELSE csv_document(%s) END', csv_document(expected), versions),
                    form = 'csv') END,
                asked_period, coalesce('NOT versions @> ' || quote_literal(expected), 'true'),
                granted_rows(question, asked_period, cells));
        ELSE
            RETURN QUERY EXECUTE format('SELECT period, division, entity, %s FROM granted_values($1)',
                CASE WHEN is_json THEN json_line('payload', 'missing', 'versions', tail)
                ELSE csv_line('payload', asked, asked, 'csv_document(missing)', 'csv_document(versions)', form = 'csv') END)
                USING jsonb_set(question, '{periods}', jsonb_build_array(asked_period));
        END IF;
        GET DIAGNOSTICS more = ROW_COUNT;
        EXIT WHEN more >= (question ->> 'limit')::bigint;
        question := jsonb_set(question, '{limit}', coalesce(to_jsonb((question ->> 'limit')::bigint - more), 'null'));
    END LOOP;
END $$;

-- `granted_changes` as lines of JSON; `elements` are the names in a line, separated by commas. Where all that is
-- granted changed, as in a first value or a corrected form, the members are written one by one. All areas are asked in
-- one statement: planning it costs as much as reading a township's rows.
CREATE FUNCTION granted_change_lines(question jsonb)
RETURNS TABLE (area varchar, seq bigint, object_class varchar, period varchar, division varchar, lineage text[],
    elements text, withheld jsonb, line text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    tail CONSTANT text := '''","object_class":"'', object_class, ''","kind":"'', %s, ''"}''';
    cells jsonb := (SELECT jsonb_agg(c) FROM granted_cells(question, NULL) c);
    granted text[];
    expected jsonb;
BEGIN
    IF cells IS NULL THEN
        RETURN;
    END IF;
    IF NOT is_even(cells) THEN
        RETURN QUERY EXECUTE format('SELECT area, seq, object_class, period, division, lineage,'
            ' array_to_string(elements, '',''), withheld, %s FROM granted_changes($1)',
            json_line('payload', 'missing', 'versions', format(tail, 'kind'))) USING question;
        RETURN;
    END IF;
    granted := ARRAY(SELECT jsonb_array_elements_text(cells -> 0 -> 'elements'));
    expected := expected_versions(question, granted);
    RETURN QUERY EXECUTE format(
        'SELECT area, seq, object_class, period, division, lineage, coalesce(array_to_string(names, '',''), %L), ''{}''::jsonb, %s'
        ' FROM (SELECT key AS span_area, (value ->> 0)::bigint AS low, (value ->> 1)::bigint AS high FROM jsonb_each($1)'
        '   ORDER BY key) AS span, LATERAL (SELECT r.*, d.lineage, r.payload || ''{}'' AS p,'
        '   CASE WHEN NOT changed @> %L::text[] THEN ARRAY(SELECT k FROM unnest(changed) k WHERE k = ANY(%L)) END AS names,'
        '   CASE WHEN %s THEN r.versions || ''{}'' END AS v'
        '   FROM record_revisions r JOIN divisions d ON d.code = r.division'
        '   WHERE r.area = span_area AND r.seq > low AND r.seq <= high AND r.changed && %L::text[] AND (%s)'
        '   ORDER BY r.seq OFFSET 0) AS row LIMIT $2',
        array_to_string(granted, ','),
        json_line(
            format('CASE WHEN names IS NULL THEN %s ELSE narrowed_to(p, names)::text END', members('p', granted)),
            format('CASE missing WHEN ''{}'' THEN missing ELSE jsonb_strip_nulls(narrowed_to(missing, coalesce(names, %L))) END',
                granted),
            format('CASE WHEN v IS NULL AND names IS NULL THEN %L ELSE jsonb_strip_nulls(narrowed_to(coalesce(v, versions),'
                ' coalesce(names, %L)))::text END', expected, granted),
            format(tail, format('CASE WHEN revision = 1 THEN ''value'' WHEN CASE WHEN names IS NULL THEN %s IS NULL'
                ' ELSE jsonb_strip_nulls(narrowed_to(p, names)) = ''{}'' END THEN ''withdrawal'' ELSE ''correction'' END',
                any_member('p', granted)))),
        granted, granted, coalesce('NOT r.versions @> ' || quote_literal(expected), 'true'), granted, any_row(cells))
        USING question -> 'spans', (question ->> 'limit')::bigint;
END $$;

-- The rows of one period, as before; where a place lies in a county its areas are named, which are the beginning of the
-- records' key: a county's rows then lie side by side, and are not looked up one by one.
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
        -- A merge of rows and divisions would walk all the divisions before the page: the nation has 600,000.
        conditions := conditions
            || format('(r.division, r.entity) > (%L, %L)', question -> 'after' ->> 1, question -> 'after' ->> 2)
            || format('d.code >= %L', question -> 'after' ->> 1);
    END IF;
    IF (question ->> 'provisional')::boolean THEN
        held := replace(held, 'FROM records', 'FROM provisional_records');
    ELSIF question ->> 'as_of' IS NOT NULL THEN
        -- The newest revision of each row that had been submitted by then.
        held := 'SELECT DISTINCT ON (r.division, r.entity) %s FROM record_revisions r JOIN divisions d ON d.code = r.division'
            ' WHERE %s ORDER BY r.division, r.entity, r.revision DESC%s';
        conditions := conditions || format('r.submitted_at <= %L', question ->> 'as_of')
            || format('r.area = ANY(%L::text[])', areas_of(question));
    ELSIF length(question ->> 'place') >= 6 THEN
        conditions := conditions || format('r.area = ANY(%L::text[])',
            ARRAY(SELECT DISTINCT left(code, 6) FROM divisions WHERE lineage && ARRAY[question ->> 'place']));
    END IF;
    RETURN format(held, columns, '(' || array_to_string(conditions, ') AND (') || ')',
        ' LIMIT ' || (question ->> 'limit')::bigint);
END $$;
