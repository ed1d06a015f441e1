// Starts the try-it page. A token typed above is sent with every call; it is kept in this tab's memory only.
const token = document.getElementById("token");

window.SwaggerUIBundle({
  url: document.getElementById("swagger").dataset.openapi,
  domNode: document.getElementById("swagger"),
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: -1,
  validatorUrl: null,
  syntaxHighlight: { activated: false },
  requestInterceptor: (request) => {
    const given = token.value.trim();
    if (given && request.url.startsWith(window.location.origin)) {
      request.headers.Authorization = `Bearer ${given}`;
      request.credentials = "omit";
    }
    return request;
  },
});
