// Two villages, men and women owed, a note that is not, and their sum, which nobody types.

const column = (identifier, options = {}) => ({
  identifier,
  label: identifier,
  unit: "人",
  datatype: "integer",
  kind: "input",
  choices: [],
  note: "",
  definition: "",
  basis: "",
  is_required: true,
  is_counted: true,
  input_mode: "numeric",
  ...options,
});

export function payloadOf(options = {}) {
  return {
    rows: [
      { division: "a", name: "甲村" },
      { division: "b", name: "乙村" },
    ],
    sections: [
      {
        index: 0,
        title: "人口",
        columns: [
          column("men"),
          column("women"),
          column("note", { datatype: "text", is_required: false, is_counted: false }),
          column("all", { kind: "readonly" }),
        ],
      },
    ],
    cells: {},
    open_cells: null,
    said: [],
    is_read_only: false,
    missing_kinds: [
      { value: "none", label: "无" },
      { value: "not_applicable", label: "不适用" },
    ],
    ...options,
  };
}
