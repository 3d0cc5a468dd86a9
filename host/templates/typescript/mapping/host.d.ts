/** What the host offers to a mapping: the group selector of its tenant. */
declare module "accoil:event-stream/group-choice@1.0.0" {
  const groupChoice: {
    /** Whether the tenant has a selector. */
    active(): boolean;
    /** Asks the selector about the event with this index in the batch. */
    choose(
      eventIndex: number,
      candidates: import("./contract.js").WireGroup[],
    ): import("./contract.js").WireSelection;
  };
  export default groupChoice;
}
