/** A refusal in AWS's words: the exception's name, its HTTP status where the service has one, and its members. */
export class AwsFailure extends Error {
  readonly code: string
  readonly members: Record<string, unknown>
  constructor(code: string, message: string, members: Record<string, unknown> = {}) {
    super(message)
    this.code = code
    this.members = members
  }
}
