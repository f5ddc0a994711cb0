// Stands in for the tests' own server: all mutants share one that is already there, so that each run is short.
export default function giveDatabase(project) {
  project.provide("holdfastTestDatabase", JSON.parse(process.env.HOLDFAST_MUTANTS_DATABASE));
}
