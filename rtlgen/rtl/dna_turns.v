// Turns of a loop: the first one again with start_i, the next one with step_i (behind the last one the first again). Whether
// this turn is the last is a register, made a turn ahead, so that what hangs on the end of a loop has a short path.
module dna_turns #(
    parameter BITS = 4
) (
    input  wire            clk,
    input  wire            start_i,
    input  wire            step_i,
    input  wire [BITS-1:0] turns_i,     // at least 1
    output reg             last_o
);
    localparam [BITS-1:0] ONE = 1, TWO = 2;
    reg [BITS-1:0] left_q;              // from this one on

    always @(posedge clk) begin
        if (start_i || (step_i && last_o)) begin
            left_q <= turns_i;
            last_o <= turns_i == ONE;
        end else if (step_i) begin
            left_q <= left_q - ONE;
            last_o <= left_q == TWO;
        end
    end
endmodule
