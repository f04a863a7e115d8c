// Up/down token counter between two engines: `give_i` adds one, `take_i` removes one, `available_o` says that there is one.
module dna_token #(
    parameter BITS    = 2,
    parameter INITIAL = 0
) (
    input  wire clk,
    input  wire rst_n,
    input  wire give_i,
    input  wire take_i,
    output wire available_o
);
    reg [BITS-1:0] count_q;

    assign available_o = count_q != {BITS{1'b0}};

    always @(posedge clk or negedge rst_n) begin
        if (!rst_n) count_q <= INITIAL[BITS-1:0];
        else if (give_i && !take_i) count_q <= count_q + 1'b1;
        else if (take_i && !give_i) count_q <= count_q - 1'b1;
    end

`ifdef DNA_CHECKS
    always @(posedge clk) if (rst_n) begin
        if (take_i && !available_o) $fatal(1, "dna_token: taken below zero");
        if (give_i && !take_i && count_q == {BITS{1'b1}}) $fatal(1, "dna_token: given above the depth");
    end
`endif
endmodule
