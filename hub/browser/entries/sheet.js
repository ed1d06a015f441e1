// The township's form: the grid, or on a narrow screen the cards, over one model.
document.documentElement.classList.add("has-scripts");
