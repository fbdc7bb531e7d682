for (const table of document.querySelectorAll("table.board")) sortable(table);
for (const section of document.querySelectorAll("[data-problem]")) {
  const problem = data.problems[section.dataset.problem];
  learningCurves(section, problem);
  sensitivityCurves(section, problem);
  landscape(section, problem);
}
performanceProfiles();
for (const finding of document.querySelectorAll("[data-about]")) offerCopying(finding);
offerChoice();
