// Reading and writing CSV by RFC 4180, with the separator found from the first line.
const SEPARATORS = [",", ";", "\t", "|"];

export function findSeparator(text) {
  const line = text.slice(0, 10000).split(/\r?\n/, 1)[0].replace(/"[^"]*"/g, "");
  const counts = SEPARATORS.map((separator) => line.split(separator).length);
  return SEPARATORS[counts.indexOf(Math.max(...counts))];
}

// Rows of cells. A quote inside a quoted cell is doubled; line ends inside quotes belong to the cell.
export function parseCsv(text, separator) {
  const rows = [];
  let row = [], cell = "", quoted = false;
  const endCell = () => { row.push(cell); cell = ""; };
  const endRow = () => { endCell(); if (row.length > 1 || row[0] !== "") rows.push(row); row = []; };
  for (let place = text.startsWith("\ufeff") ? 1 : 0; place < text.length; place += 1) {
    const sign = text[place];
    if (quoted) {
      if (sign !== '"') cell += sign;
      else if (text[place + 1] === '"') { cell += '"'; place += 1; } else quoted = false;
    } else if (sign === '"' && cell === "") quoted = true;
    else if (sign === separator) endCell();
    else if (sign === "\n") endRow();
    else if (sign !== "\r" || text[place + 1] !== "\n") cell += sign;
  }
  if (cell !== "" || row.length) endRow();
  return rows;
}

// A cell that a spreadsheet would run as a formula is quoted with an apostrophe first.
export function writeCell(value, separator) {
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /["\r\n]/.test(safe) || safe.includes(separator) || safe !== value ? `"${safe.replaceAll('"', '""')}"` : safe;
}

export const writeRow = (row, separator) => row.map((cell) => writeCell(String(cell), separator)).join(separator);
