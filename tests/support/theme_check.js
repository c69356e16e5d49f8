/* Shopify's own check over a theme app extension: `node theme_check.js FOLDER`, run where it is installed. */
const { themeCheckRun } = require("@shopify/theme-check-node");

themeCheckRun(process.argv[2], "theme-check:theme-app-extension", () => {}).then(({ theme, offenses }) => {
  const found = offenses.map(({ uri, start, check, message }) => ({
    where: `${uri.split("/").slice(-2).join("/")}:${start.line + 1}`,
    check,
    message,
  }));
  console.log(JSON.stringify({ files: theme.length, found }));
});
