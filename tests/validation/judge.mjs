// A line in: {"form": …} or {"rows": [{values, missing, held, place}]}; a line out: what the browser's rules find.
import { createInterface } from "node:readline";
import { Rules } from "../../hub/browser/sheet/rules.js";

let rules = null;
for await (const line of createInterface({ input: process.stdin })) {
  const asked = JSON.parse(line);
  if (asked.form) rules = new Rules(asked.form);
  const answers = (asked.rows ?? []).map(({ values, missing, held, place }) => {
    const cellOf = (name) => ({ value: values[name] ?? "", missing: missing[name] ?? "" });
    const reading = rules.read(cellOf, held, place);
    return { derived: Object.fromEntries(rules.derive(reading)), findings: rules.judge(reading) };
  });
  process.stdout.write(JSON.stringify(answers) + "\n");
}
